"""The stand-in of VIES, the European Commission's check of VAT ids."""
