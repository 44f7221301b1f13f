/** Text of consoles, files and people on its way into a page: markup, controls and letters that turn the line around are dead. */
export function escaped(text: string): string {
  return text
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '\ufffd')
    .replace(/[&<>"'`]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}

/** 90 500 ms is "1 min 30.5 s". */
export function durationText(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(1)} s`
}

export function bytesText(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${(bytes / 1024 / 1024).toFixed(2)} MiB`
  return bytes >= 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${bytes} B`
}

export const hexText = (value: number): string => `0x${value.toString(16).padStart(6, '0')}`

const padded = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0')

/** 2026-05-12 08:30:00.250 UTC, so that a report reads the same wherever it is opened. */
export function wallText(wallMs: number): string {
  const { year, month, day } = civilDate(Math.floor(wallMs / 86_400_000))
  const inDay = ((wallMs % 86_400_000) + 86_400_000) % 86_400_000
  const time = `${padded(inDay / 3_600_000, 2)}:${padded((inDay / 60_000) % 60, 2)}:${padded((inDay / 1000) % 60, 2)}.${padded(inDay % 1000, 3)}`
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)} ${time} UTC`
}

/** Gregorian date of a day number (0 is 1970-01-01), counted in eras of 400 years whose year begins in March. */
function civilDate(dayNumber: number): { readonly year: number; readonly month: number; readonly day: number } {
  const fromMarch = dayNumber + 719_468
  const era = Math.floor(fromMarch / 146_097)
  const dayOfEra = fromMarch - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}

const lineWords: readonly (readonly [RegExp, string])[] = [
  [/^rfc2217:\/\//i, 'RFC 2217'], [/^tcp:\/\//i, 'TCP'], [/^socket:\/\//i, 'Socket'], [/^(?:\/|usb:\/\/|(?:\\\\\.\\)?com\d)/i, 'Serial port'],
]

/** What a camera hangs on, and its name. A line has no pod, and the place in the rack that it was given is no name of one. */
export function placeFact(name: string, pod: string): readonly [string, string] {
  const address = / \((?<address>[^()]+)\)$/.exec(name)?.groups?.['address'] ?? name
  const word = lineWords.find(([form]) => form.test(address))?.[1]
  return word === undefined ? ['Pod', `${name} (${pod})`] : [word, name]
}
