import { uBootBanner } from './answers.ts'

/** What a camera's console has said since the reset. */
export interface BootSeen {
  readonly banners: number
  readonly kernel: boolean
  readonly login: boolean
  readonly panic: boolean
}

/**
 * Booted means: a start was seen after the reset, and after that a login prompt at the start of a line. A login prompt alone may be an
 * old line that was still in a buffer.
 */
export function readBoot(text: string): BootSeen {
  const starts = [...text.matchAll(new RegExp(uBootBanner, 'g'))]
  const kernelAt = text.search(/Starting kernel|Linux version \d|Uncompressing Linux/)
  const first = starts[0]?.index ?? (kernelAt < 0 ? undefined : kernelAt)
  const after = first === undefined ? '' : text.slice(first)
  return {
    banners: starts.length,
    kernel: kernelAt >= 0,
    login: /(?:^|\n|\r)[\w.-]{0,64} ?login: ?$/m.test(after),
    panic: /Kernel panic - not syncing/.test(after),
  }
}

/** This many starts without a login are a loop. */
export const loopBanners = 4
