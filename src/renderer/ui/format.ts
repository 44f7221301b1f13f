const thousands = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f')

/** Sizes of flash and images, exact where a partition table is exact: 256 KiB, 10 240 KiB, 12 345 B. */
export const flashSize = (lengthBytes: number): string =>
  lengthBytes > 0 && lengthBytes % 1024 === 0 ? `${thousands(lengthBytes / 1024)} KiB` : `${thousands(lengthBytes)} B`

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
/** Sizes for reading at a glance: 41.2 GiB. */
export function roundSize(lengthBytes: number): string {
  let value = Math.max(0, lengthBytes)
  let step = 0
  while (value >= 1024 && step < steps.length - 1) { value /= 1024; step += 1 }
  return `${step === 0 || value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1)} ${steps[step] ?? 'B'}`
}

export const flashChip = (flashBytes: number): string => (flashBytes > 0 ? `${roundSize(flashBytes)} NOR` : 'flash not probed')
export const address = (offsetBytes: number, digits = 6): string => `0x${offsetBytes.toString(16).padStart(digits, '0')}`
/** Eight digits in two groups are compared faster. */
export const crcText = (crc: string): string => `${crc.slice(0, 4)} ${crc.slice(4)}`

export function duration(elapsedMs: number): string {
  if (elapsedMs < 60_000) return `${(elapsedMs / 1000).toFixed(1)} s`
  if (elapsedMs < 120_000) return `${String(Math.round(elapsedMs / 1000))} s`
  const minutes = Math.floor(elapsedMs / 60_000)
  return minutes < 120 ? `${String(minutes)} min ${String(Math.round((elapsedMs % 60_000) / 1000))} s` : `${(elapsedMs / 3_600_000).toFixed(1)} h`
}

/** For what was guessed: a forecast to a tenth of a second would be a lie. */
export const roughly = (forecastMs: number): string =>
  (forecastMs < 9500 || forecastMs >= 60_000 ? duration(forecastMs) : `${String(Math.round(forecastMs / 1000))} s`)

const two = (value: number): string => String(value).padStart(2, '0')
export function clockTime(atMs: number): string {
  const at = new Date(atMs)
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}
export function dayAndTime(atMs: number): string {
  const at = new Date(atMs)
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockTime(atMs)}`
}
/** The time of what was today, and the day of what was not: a clock alone would make yesterday's look fresh. */
export const lately = (atMs: number, nowMs = Date.now()): string => (dayAndTime(atMs).slice(0, 10) === dayAndTime(nowMs).slice(0, 10) ? clockTime(atMs) : dayAndTime(atMs).slice(5, 16))
/** Two digits and a letter, as in 9.5K, 11K and 230. */
export function shortSize(bytes: number): string {
  const [value, letter] = bytes < 1000 ? [bytes, ''] : bytes < 999.5 * 1024 ? [bytes / 1024, 'K'] : [bytes / 1_048_576, 'M']
  return `${value < 9.95 && letter !== '' ? value.toFixed(1) : String(Math.round(value))}${letter}`
}

export const watts = (value: number | undefined): string => (value === undefined ? '\u2014' : `${value.toFixed(1)} W`)
/** Shown without the scheme: `rack://10.0.0.5` is 10.0.0.5 to everybody at the rack. */
export const podAddress = (url: string): string => url.replace(/^rack:\/\//, '')
/** Local time with milliseconds, where order matters. */
export const preciseTime = (atMs: number): string => `${clockTime(atMs)}.${String(Math.floor(((atMs % 1000) + 1000) % 1000)).padStart(3, '0')}`
/** How old something is, at a glance: 3 s, 4 min, 2 h, 5 d. */
export function age(forMs: number): string {
  const seconds = Math.max(0, Math.floor(forMs / 1000))
  if (seconds < 60) return `${String(seconds)} s`
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min`
  return seconds < 172_800 ? `${String(Math.floor(seconds / 3600))} h` : `${String(Math.floor(seconds / 86_400))} d`
}
