"""Dagster assets, checks and automation of one city, made from its contracts and models by plain functions."""
