set -e
"$gradus" train warn_unread_settings.model --only Unread -q --overwrite -o "$work/run"
"$gradus" train warn_unread_settings.model --only Decoys -q --overwrite -o "$work/run"
