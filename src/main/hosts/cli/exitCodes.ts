import type { ErrorCode } from '../../../shared/errors/workbenchError.ts'
import type { Verdict } from '../../../shared/restore/restore.schema.ts'

/** What a script can tell apart. Printed by `rackbench --help`; a number never changes its meaning. */
export const exitCodes = {
  success: 0,
  unexpected: 1,
  wrongInput: 2,
  notReachable: 3,
  busyOrHost: 4,
  refusedOrFailed: 5,
  bootNotSeen: 6,
  cancelled: 7,
  interrupted: 8,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeWords: readonly (readonly [ExitCode, string])[] = [
  [0, 'success: everything was read back and the camera was seen to boot'],
  [1, 'an unexpected error of ours'],
  [2, 'wrong usage or bad input; nothing was touched'],
  [3, 'the pod, the port or the line cannot be reached, or was lost'],
  [4, 'the camera is busy, or this computer lacks something (UDP port 69, a permission, disk space)'],
  [5, 'the pod or the camera refused or failed, or a proof did not match'],
  [6, 'restored or installed and proved, but the boot was not seen, or that the installed U-Boot began it'],
  [7, 'cancelled'],
  [8, 'interrupted'],
]

const areas = { link: 3, host: 4, device: 5, pod: 5, internal: 1, input: 2 } as const

export function exitCodeOfError(code: ErrorCode): ExitCode {
  switch (code) {
    case 'pod/busy': return exitCodes.busyOrHost
    case 'pod/not-a-pod': return exitCodes.notReachable
    case 'job/interrupted': return exitCodes.interrupted
    case 'job/undo-failed': case 'job/past-point-of-no-return': return exitCodes.refusedOrFailed
    case 'job/impossible-event': return exitCodes.unexpected
    default: {
      const area = code.split('/')[0] ?? ''
      return area in areas ? areas[area as keyof typeof areas] : exitCodes.unexpected
    }
  }
}

/** A failed verdict has its error's code. */
export function exitCodeOfVerdict(verdict: Verdict, error: ErrorCode | undefined): ExitCode {
  switch (verdict) {
    case 'restored and booted': case 'installed and booted': case 'dumped and verified': case 'U-Boot is running': case 'done and proved': case 'examined, not healthy': case 'updated and read back': return exitCodes.success
    case 'restored, boot not seen': case 'installed, boot not seen': case 'installed, U-Boot not confirmed': return exitCodes.bootNotSeen
    case 'cancelled': return exitCodes.cancelled
    case 'interrupted': return exitCodes.interrupted
    case 'failed (state known)': case 'failed (state unknown)': {
      const code = error === undefined ? exitCodes.refusedOrFailed : exitCodeOfError(error)
      return code === exitCodes.success ? exitCodes.refusedOrFailed : code
    }
  }
}
