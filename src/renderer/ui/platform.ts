import type { Platform } from '../../shared/commands/keys.ts'

/** Which key is `Mod`, and how keys are written. */
export const platform: Platform = /Mac|iPhone|iPad/.test(globalThis.navigator.userAgent) ? 'mac' : 'other'
