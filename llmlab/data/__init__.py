"""From documents to tokens and lessons: reading, cleaning, masking, splitting, teaching."""
