"""What IPMI and Redfish both show of a node beside its state: SEL, sensors and thresholds, FRU."""
