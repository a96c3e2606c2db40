# SPDX-License-Identifier: MIT
#
# Paragraphs; what stands before a colon at their beginning is what they are about.
BEGIN { RS = "" }
{
	text = escape($0)
	if (match(text, /^[a-z]+: /))
		text = "<b>" substr(text, 1, RLENGTH - 2) "</b> " substr(text, RLENGTH + 1)
	while (match(text, /`[^`]*`/))
		text = substr(text, 1, RSTART - 1) "<code>" substr(text, RSTART + 1, RLENGTH - 2) "</code>" \
			substr(text, RSTART + RLENGTH)
	print "<p>", text, "</p>"
}
