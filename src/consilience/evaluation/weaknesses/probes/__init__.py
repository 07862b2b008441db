"""What evaluation asks of the rows of each modality, one file each."""
