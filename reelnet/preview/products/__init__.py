"""What a preview makes of a view: figures, files, forecasts and thumbnails."""
