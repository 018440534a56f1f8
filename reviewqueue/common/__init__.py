"""What every floor may use: no models, no words of the domain."""
