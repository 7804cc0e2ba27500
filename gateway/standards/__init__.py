"""The catalogue in the words of open standards, each dataset as one caller sees it."""
