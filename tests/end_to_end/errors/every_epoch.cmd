"$gradus" train every_epoch.model -q --overwrite -o "$work/run"
