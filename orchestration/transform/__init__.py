"""From accepted rows to the base, topic, theme and open libraries: the dbt project, assembled for a city and run."""
