"""What people look at: the style of figures, tables and texts, the report. Knows the spine."""
