/**
 * A stand-in for systemctl where systemd is not process 1: `start`, `stop` and `is-active` of units whose states are kept in files below
 * `root`. Not systemd, and it says so. What a unit does is written in the program that its `ExecStart` names, as the device resolves it,
 * links included: a line `stand-in: refuses` (does not start), `stand-in: dies 2000` (after so many ms), `stand-in: stays` (does not stop).
 */
export const systemctlScript = (root: string): string => `#!/bin/sh
# A stand-in for systemctl; this is not systemd.
root=${quoted(root)}
verb=$1
unit=$2
book="$root/run/units"
mkdir -p "$book"
now() { date +%s%3N; }
echo "$verb $unit" >> "$book/.calls"
# active SINCE DIES_AFTER STAYS
since=; dies=; stays=; said=inactive
if [ -f "$book/$unit" ]; then
  read -r said since dies stays < "$book/$unit"
  if [ "$said" = active ] && [ "$dies" -gt 0 ] && [ "$(now)" -ge $((since + dies)) ]; then said=failed; fi
fi
case $verb in
  is-active)
    echo "$said"
    [ "$said" = active ] && exit 0
    exit 3 ;;
  start)
    [ "$said" = active ] && exit 0
    program=$(sed -n 's/^ExecStart=//p' "$root/etc/systemd/system/$unit" 2>/dev/null | head -n 1)
    if [ -z "$program" ]; then echo "Unit $unit not found." >&2; exit 5; fi
    if [ ! -f "$root$program" ] || grep -q 'stand-in: refuses' "$root$program"; then
      echo "failed 0 0 no" > "$book/$unit"
      echo "Job for $unit failed." >&2
      exit 1
    fi
    dies=$(sed -n 's/.*stand-in: dies \\([0-9]*\\).*/\\1/p' "$root$program" | head -n 1)
    stays=no
    grep -q 'stand-in: stays' "$root$program" && stays=yes
    echo "active $(now) \${dies:-0} $stays" > "$book/$unit" ;;
  stop)
    [ "$stays" = yes ] && exit 0
    echo "inactive 0 0 no" > "$book/$unit" ;;
  *)
    echo "Unknown command $verb." >&2
    exit 1 ;;
esac
`

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
