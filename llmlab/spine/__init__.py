"""What everything stands on: errors, files, parameters, the run and its provenance, progress. Knows no other wing."""
