set -e
"$gradus" train warn_unread_settings.model --only Unread -q -o "$work/run"
"$gradus" train warn_unread_settings.model --only Decoys -q -o "$work/run"
