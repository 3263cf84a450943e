"""Distribution: from the origins to the viewer in one object."""
