"""Where a model looked: attention maps, Grad-CAM and film strips."""
