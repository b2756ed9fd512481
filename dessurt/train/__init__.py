"""Training: `loop` is where to begin reading.

A run can be measured in three ways, by keys of its config: its checkpoint reads synthetic pages in
fonts that are never trained on (`checks`); with `validate`, validation pages choose the state that
is kept (`selection`); with `monitor`, a data set is validated as the original does it
(`monitoring`).
"""
