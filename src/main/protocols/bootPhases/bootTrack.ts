import { type BootPhase, bootPhases } from '../../../shared/captures/boots.schema.ts'

export interface HeardLine { readonly offset: number; readonly atMs: number; readonly text: string }

/** One boot as far as it was heard: a value, each line makes a new one. */
export interface TrackedBoot {
  readonly startOffset: number
  readonly startMs: number
  /** Of the last line that belongs to it. */
  readonly endOffset: number
  readonly endMs: number
  /** Wall time; a clock that was set back does not make a phase shorter than nothing. */
  readonly begins: Readonly<Partial<Record<BootPhase, number>>>
  /** The kernel's own words of its build. */
  readonly build: string
}

/** After the kernel's own time, where it prints one. */
const kernelTime = /^\[ *\d{1,9}\.\d{3,6}\] (?:\[[^\]]{1,16}\] )?/
const marks: readonly (readonly [BootPhase, RegExp])[] = [
  ['rom', /^(?:System startup|Boot ?ROM\b|BROM\b|Press \[Ctrl\+C\] to go to download|DDR V\d|RomBOOT\b)/i],
  ['spl', /^U-Boot (?:SPL|TPL)\b/],
  // A date must follow, or a help text of `version` would count as a boot.
  ['uboot', /^U-Boot (?!SPL|TPL)\S*\d{4}\.\d\d/],
  ['kernel', /^(?:Starting kernel|Booting Linux on|Uncompressing Linux|Linux version \d)/],
  ['init', /^(?:Run \/\S*init\b|Freeing (?:unused|init)\b.{0,40}memory|init started: BusyBox|INIT: version|systemd\[1\]: |procd: - early -|Please press Enter to activate this console)/],
  // A getty's prompt, and not the "Last login:" that a shell prints.
  ['login', /^(?:(?!last\b)[\w.-]{1,64} )?login:(?: |$)/i],
]
const build = /^Linux version \d.{0,200}/
const longestLine = 300

/** Which phase begins with this line. */
export function phaseOf(text: string): BootPhase | undefined {
  const line = text.slice(0, longestLine)
  const bare = line.replace(kernelTime, '')
  return marks.find(([phase, pattern]) => pattern.test(phase === 'kernel' || phase === 'init' ? bare : line))?.[0]
}

const rank = (phase: BootPhase): number => bootPhases.indexOf(phase)
const reached = ({ begins }: TrackedBoot): number => bootPhases.reduce((far, phase, index) => (begins[phase] === undefined ? far : index), -1)

/** A boot begins where a camera goes back: U-Boot after a kernel, a kernel after a login. `undefined` while none was heard. */
export function trackBoot(boot: TrackedBoot | undefined, { offset, atMs, text }: HeardLine): TrackedBoot | undefined {
  const phase = phaseOf(text)
  if (phase === undefined || phase === 'init' || phase === 'login') {
    if (!boot || boot.begins.login !== undefined) return boot
    // Neither can be told without a kernel: programs print such words, too.
    return withLine(boot, offset, atMs, phase !== undefined && boot.begins.kernel !== undefined ? phase : undefined)
  }
  if (!boot || begins(boot, phase)) return { startOffset: offset, startMs: atMs, endOffset: offset, endMs: atMs, begins: { [phase]: 0 }, build: buildOf(text) }
  const next = withLine(boot, offset, atMs, phase)
  return next.build === '' ? { ...next, build: buildOf(text) } : next
}

/** A kernel says hello with several lines; they begin one boot, and so do two banners of one loader in a row of different loaders. */
const begins = (boot: TrackedBoot, phase: BootPhase): boolean => (phase === 'kernel' ? reached(boot) > rank('kernel') : reached(boot) >= rank(phase))

const buildOf = (text: string): string => build.exec(text.replace(kernelTime, ''))?.[0] ?? ''

function withLine(boot: TrackedBoot, offset: number, atMs: number, phase: BootPhase | undefined): TrackedBoot {
  const next = { ...boot, endOffset: offset, endMs: atMs }
  return phase === undefined || boot.begins[phase] !== undefined ? next : { ...next, begins: { ...boot.begins, [phase]: Math.max(0, atMs - boot.startMs) } }
}
