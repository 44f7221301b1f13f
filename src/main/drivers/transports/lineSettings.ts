import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** From the slowest of POSIX to the fastest of USB adapters. */
const baudRates = { least: 50, most: 12_000_000 } as const
/** A line that is held low for longer is a cut line. */
const mostBreakMs = 10_000

export function mustBeBaudRate(baudRate: number): void {
  if (Number.isInteger(baudRate) && baudRate >= baudRates.least && baudRate <= baudRates.most) return
  throw new WorkbenchError('input/malformed', `${baudRate} is no rate: ${baudRates.least} to ${baudRates.most} baud`, { context: { baudRate } })
}

export function mustBeBreak(durationMs: number): void {
  if (durationMs > 0 && durationMs <= mostBreakMs) return
  throw new WorkbenchError('input/malformed', `A break of ${durationMs} ms is not possible: up to ${mostBreakMs} ms`, { context: { durationMs } })
}
