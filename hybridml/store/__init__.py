"""The feature store, and the extraction that fills it in processes of this machine or on a Dask cluster."""
