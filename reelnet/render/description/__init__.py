"""What a frame consists of: text, shapes, cells and pictures, for surfaces other than pixels."""
