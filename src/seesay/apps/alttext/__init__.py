"""Alt text for sites, documents and photos: found, proposed where it lacks, and written without touching the rest."""
