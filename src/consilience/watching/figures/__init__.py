"""The few figures of a cell that drift is measured on, one file a modality."""
