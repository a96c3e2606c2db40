# SPDX-License-Identifier: MIT
BEGIN { FS = "\t"; print "<div class=\"scroll\"><table><tbody>" }
{ print "<tr><td>", escape($1), "</td>", cell(escape($2), "left"), "</tr>" }
END { print "</tbody></table></div>" }
