# SPDX-License-Identifier: MIT
#
# The head of the page: when, of what, and a few figures.
FNR == 1 { file++ }
file == 1 {
	at = index($0, "\t")
	environment[substr($0, 1, at - 1)] = substr($0, at + 1)
	next
}
FNR == 1 { FS = ","; next }
{ split($0, field, ",") }
field[2] == "wall" { walls++ }
field[2] == "icount" && field[3] == 1 { insn[field[1]] = field[6] }
END {
	print "<p class=\"sub\">Measured ", escape(environment["measured"]), ", commit ",
		escape(environment["commit"] == "" ? "unknown" : environment["commit"]), ".</p>"
	cpus = environment["host"]
	sub(/ CPUs.*/, "", cpus)
	sub(/.* /, "", cpus)
	load = environment["load before"] + 0 > environment["load after"] + 0 ? environment["load before"] + 0 \
		: environment["load after"] + 0
	if (walls && environment["load before"] + 0 > cpus / 2)
		print "<p class=\"warning\">The host was busy (load ", load, " on ", cpus, " CPUs): the times below are worth ",
			"little. Instructions don't mind.</p>"
	n = split("null:a call and back|yield/thread:yield, one way|yield/space:to another space|" \
		"swap/space:hand over, other space|signal/thread:wake and park|map/1:map a page, zeroed", tile, "|")
	print "<div class=\"tiles\">"
	for (i = 1; i <= n; i++) {
		split(tile[i], part, ":")
		if (part[1] in insn)
			print "<div class=\"tile\"><b>", count(insn[part[1]]), "</b><span>instructions<br>", part[2],
				"</span></div>"
	}
	print "</div>"
}
