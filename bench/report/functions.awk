# SPDX-License-Identifier: MIT
#
# A bar for each bench, a part for each function, in the order of their addresses.
BEGIN {
	FS = ","
	print "<p class=\"note\"><span class=\"key\" style=\"background:var(--kernel);margin-left:0\"></span>kernel",
		"<span class=\"key\" style=\"background:var(--program)\"></span>program and rt",
		"<span class=\"key\" style=\"background:var(--firmware)\"></span>firmware</p>"
}
NR == 1 { next }
{
	if (!($1 in sum))
		order[++n] = $1
	sum[$1] += $5
	parts[$1]++
	line[$1, parts[$1]] = $0
}
END {
	for (i = 1; i <= n; i++) {
		bench = order[i]
		rest = 0
		print "<h3>", escape(bench), "<span class=\"what\">", count(sprintf("%.2f", sum[bench])),
			" instructions, the loop around it included</span></h3><div class=\"stack\">"
		for (j = 1; j <= parts[bench]; j++) {
			split(line[bench, j], field, ",")
			share = 100 * field[5] / sum[bench]
			if (share < 0.4) {
				rest += field[5]
				continue
			}
			part(field[3], field[4], field[5], share)
		}
		if (rest / sum[bench] > 0.002)
			part("program", "others", rest, 100 * rest / sum[bench])
		print "</div>"
	}
}
function part(image, name, insn, share,   text) {
	text = escape(name) " " count(sprintf("%.*f", insn < 100 ? 1 : 0, insn))
	# some 1.1 % of the width a letter
	if (image != "kernel" && image != "firmware")
		image = "program"
	print "<span class=\"", image, (share < 3 ? " tiny" : ""), "\" title=\"", text, " (", sprintf("%.1f", share),
		" %)\" style=\"flex:", share, "\">",
		(share < 3 ? "" : share > 1.05 * length(text) ? text : count(sprintf("%.0f", insn))), "</span>"
}
