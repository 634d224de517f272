"""The papers' claims as studies, one file each, and the families of sources that several of them walk along."""
