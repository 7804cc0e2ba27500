"""The urban-management survey: the city's components, addresses, houses and spaces, as files of geodata."""
