"""A LightningModule or LightningDataModule of the user's -> a run like any other, as far as it can be one."""
