"""What images and matrices look like: as pixels to show, as a preview, as a sheet of methods."""
