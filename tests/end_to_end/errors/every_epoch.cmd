"$gradus" train every_epoch.model -q -o "$work/run"
