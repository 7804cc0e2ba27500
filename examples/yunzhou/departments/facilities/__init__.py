"""The city's register of car parks, kept by a map vendor, and of neighbourhood markets."""
