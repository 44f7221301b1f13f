import type { BootWatch } from '../consoles/bootWatch.ts'

/** A console that says something after this long was quiet to whoever looks. */
export const quietMs = 1_000

/** What a person should see at once. All else that a console says moves numbers and its last line, which are told once a second. */
export function isNews(before: BootWatch, now: BootWatch): boolean {
  const pauseMs = (now.lastByteAtMs ?? -Infinity) - (before.lastByteAtMs ?? -Infinity)
  return !(pauseMs < quietMs) || now.seen !== before.seen || now.banners !== before.banners || now.panicked !== before.panicked || now.firmware !== before.firmware || now.address !== before.address
}
