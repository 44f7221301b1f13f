import type { CameraLife } from '../../../shared/rack/rackView.schema.ts'
import { addressIn } from './addressSeen.ts'
import { plainText } from './consoleText.ts'
import { type FirmwareSeen, nothingSeen, seeFirmware } from './firmwareSeen.ts'
import { anyOf, isPlain, openLineAt, plainSmall } from './plainPiece.ts'

/** This many U-Boot banners without a login in between, within the window, are a loop: one is a start, two a reset. */
const loopBanners = 3
const loopWindowMs = 180_000
/** A kernel that mounts a worn overlay is quiet for half a minute; a minute is too long for anything. */
const silentMs = 60_000
const maxLineChars = 512
/** One byte is one character here: a UTF-8 letter cut in two must not depend on the cut. Which letter an odd byte becomes does not matter. */
const letters = new TextDecoder('latin1')

export type BootSeen = 'nothing' | 'boot rom' | 'u-boot' | 'prompt' | 'kernel' | 'login'

/** A value: each step makes a new one. Times are the monotonic clock's. */
export interface BootWatch {
  readonly sinceMs: number
  readonly lastByteAtMs: number | undefined
  readonly seen: BootSeen
  /** All U-Boot banners since the watch began. */
  readonly banners: number
  /** The recent ones, none of them followed by a login. */
  readonly bannersAtMs: readonly number[]
  readonly loginSeenAtMs: number | undefined
  /** Seconds that the kernel says it has been up. */
  readonly kernelSeconds: number | undefined
  readonly panicked: boolean
  readonly firmware: FirmwareSeen
  /** Its own, as it told it last; empty for not yet. */
  readonly address: string
  /** The line that has not ended yet. */
  readonly line: string
}

export interface BootView {
  readonly life: Extract<CameraLife, 'boot rom' | 'u-boot' | 'booting' | 'booted' | 'boot loop' | 'silent' | 'unknown'>
  readonly note: string
  /** 1 boot ROM, 2 U-Boot, 3 kernel, 4 login; 0 nothing yet. */
  readonly bootStage: number
  readonly banners: number
  readonly loginSeenAtMs: number | undefined
}

/** Also after power was switched: what the console said before is another life. */
export const startBootWatch = (nowMs: number): BootWatch => ({
  sinceMs: nowMs, lastByteAtMs: undefined, seen: 'nothing', banners: 0, bannersAtMs: [], loginSeenAtMs: undefined,
  kernelSeconds: undefined, panicked: false, firmware: nothingSeen, address: '', line: '',
})

/** A date must follow, or a help text of `version` would count as a reset. The SPL prints a banner of its own before it. */
const banner = /^U-Boot (?!SPL|TPL)\S*\d{4}\.\d\d/
const romBanner = /^(?:System startup|U-Boot (?:SPL|TPL)\b)/
const prompt = /^(?:[\w.-]{1,24} ?[#>]|=>) /
const kernelStart = /^(?:Starting kernel|Booting Linux on|Uncompressing Linux|Linux version \d|\[ *0\.0{6}\])/
const kernelTime = /^\[ *(\d{1,9})\.\d{6}\]/
/** getty's prompt, and not the "Last login:" that a shell prints. */
const login = /^(?:(?!last\b)[\w.-]{1,64} )?login: /i
const panic = /Kernel panic - not syncing/
const lineEnd = /[\r\n]/
/** Each of these patterns, of `firmwareSeen` and of `addressSeen` wants one of these; only a prompt after U-Boot and the time of a kernel do without. */
const telling = anyOf(['login: ', 'u-boot ', 'system startup', 'starting kernel', 'booting linux on', 'uncompressing linux', 'linux version ', '0.000000]', 'kernel panic', 'openipc', 'sensor', 'udhcpc: lease of', 'inet addr:'])

function withLine(watch: BootWatch, line: string, atMs: number, isWhole: boolean): BootWatch {
  if (login.test(line)) return { ...watch, seen: 'login', loginSeenAtMs: watch.seen === 'login' ? watch.loginSeenAtMs : atMs, bannersAtMs: [], panicked: false }
  if (watch.seen === 'u-boot' && prompt.test(line)) return { ...watch, seen: 'prompt' }
  // Prompts get no line end before something is typed, so they count unfinished; all else counts whole, or it counts twice.
  if (!isWhole) return watch
  if (romBanner.test(line)) return { ...watch, seen: 'boot rom', kernelSeconds: undefined }
  if (banner.test(line)) {
    const bannersAtMs = [...watch.bannersAtMs, atMs].filter((at) => atMs - at <= loopWindowMs).slice(-16)
    return { ...watch, seen: 'u-boot', banners: watch.banners + 1, bannersAtMs, kernelSeconds: undefined, loginSeenAtMs: undefined, panicked: false }
  }
  if (kernelStart.test(line)) return { ...watch, seen: 'kernel', kernelSeconds: 0 }
  if (panic.test(line)) return { ...watch, panicked: true }
  const time = watch.seen === 'kernel' ? kernelTime.exec(line) : null
  return time ? { ...watch, kernelSeconds: Number(time[1]) } : watch
}

function withFirmware(watch: BootWatch, line: string): BootWatch {
  const firmware = seeFirmware(watch.firmware, line)
  return firmware === watch.firmware ? watch : { ...watch, firmware }
}

function withAddress(watch: BootWatch, line: string): BootWatch {
  const address = addressIn(line)
  return address === undefined || address === watch.address ? watch : { ...watch, address }
}

const saysNothing = (watch: BootWatch, small: string): boolean =>
  small !== '' && watch.seen !== 'u-boot' && watch.seen !== 'kernel' && isPlain(watch.line) && !telling.test(watch.line.toLowerCase() + small)

/** Bytes in any pieces give the same result. */
export function watchBoot(watch: BootWatch, bytes: Uint8Array, atMs: number, small = plainSmall(bytes)): BootWatch {
  if (bytes.length === 0) return watch
  if (saysNothing(watch, small)) {
    const open = openLineAt(small)
    const line = letters.decode(bytes.subarray(open))
    return { ...watch, line: (open === 0 ? watch.line + line : line).slice(0, maxLineChars), lastByteAtMs: atMs }
  }
  const lines = (watch.line + letters.decode(bytes)).split(lineEnd)
  // The beginning is what is looked at, so the beginning is what is kept.
  const rest = (lines.pop() ?? '').slice(0, maxLineChars)
  let after = watch
  for (const line of lines) {
    // Between the two letters of a line end.
    if (line === '') continue
    const text = readable(line)
    after = withAddress(withFirmware(withLine(after, text, atMs, true), text), text)
  }
  return { ...withLine(after, readable(rest), atMs, false), line: rest, lastByteAtMs: atMs }
}

/** Nearly every line: nothing in it that a person would not read, so nothing to take out. A burst has a hundred thousand in a second. */
const plainLine = /^[\t\x20-\x7e]*$/
const readable = (line: string): string => {
  const start = line.slice(0, maxLineChars)
  return (plainLine.test(start) ? start : plainText(Uint8Array.from(start, (letter) => Math.min(0x7f, letter.charCodeAt(0))))).trimStart()
}

const stages: Readonly<Record<BootSeen, number>> = { nothing: 0, 'boot rom': 1, 'u-boot': 2, prompt: 2, kernel: 3, login: 4 }

/** What to show at that time. The pod knows about power, so "off" is not ours to say. */
export function viewBoot(watch: BootWatch, nowMs: number): BootView {
  const { seen, banners, loginSeenAtMs } = watch
  const show = (life: BootView['life'], note: string): BootView => ({ life, note, bootStage: stages[seen], banners, loginSeenAtMs })
  const resets = watch.bannersAtMs.filter((at) => nowMs - at <= loopWindowMs).length
  if (seen === 'login') return show('booted', 'login:')
  if (resets >= loopBanners) return show('boot loop', `${resets} resets`)
  // A prompt waits for somebody and is quiet by nature.
  if (seen === 'prompt') return show('u-boot', 'at its prompt')
  const quietMs = nowMs - (watch.lastByteAtMs ?? watch.sinceMs)
  if (quietMs >= silentMs) return show('silent', watch.panicked ? 'kernel panic' : `quiet for ${Math.floor(quietMs / 1000)} s`)
  switch (seen) {
    case 'nothing': return show('unknown', watch.lastByteAtMs === undefined ? 'nothing heard yet' : 'talking')
    case 'boot rom': return show('boot rom', '')
    case 'u-boot': return show('u-boot', 'starting')
    case 'kernel': return show('booting', watch.panicked ? 'kernel panic' : `kernel ${watch.kernelSeconds ?? 0} s`)
  }
}
