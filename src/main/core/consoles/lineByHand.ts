import type { LineAbilities, LineWish } from '../../../shared/consoles/consoles.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { ConsoleLine } from './consoleLine.ts'
import type { LineRate } from './lineRate.ts'

type OpenLine = ConsoleLine['transport']

export const abilitiesOf = (line: OpenLine): LineAbilities => ({ baudRate: line?.setBaudRate !== undefined, modemLines: line?.setLines !== undefined, break: line?.sendBreak !== undefined })

const lacks = (what: string): WorkbenchError =>
  new WorkbenchError('input/not-supported', `This console line carries no ${what}`, { hint: 'A serial port of this computer or an RFC 2217 server does; plain TCP carries bytes only' })

export interface HandDeps {
  readonly transport: OpenLine
  readonly rate: Pick<LineRate, 'set'>
  /** Into the history: who reads it later must know why it looks as it does. */
  readonly mark: (text: string) => void
}

/** Everything is checked before anything is done. */
export async function setLineByHand({ transport, rate, mark }: HandDeps, { breakMs, dtr, rts, baudRate }: LineWish, signal: AbortSignal): Promise<void> {
  if (!transport) throw new WorkbenchError('link/closed', 'The console line is closed')
  const lines = { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) }
  const hasLines = dtr !== undefined || rts !== undefined
  if (breakMs !== undefined && !transport.sendBreak) throw lacks('break')
  if (hasLines && !transport.setLines) throw lacks('modem lines')
  if (baudRate !== undefined && !transport.setBaudRate) throw lacks('rate')
  if (baudRate !== undefined) {
    await rate.set(baudRate, signal)
    mark(`line set to ${baudRate} baud by hand`)
  }
  if (hasLines) {
    await transport.setLines?.(lines, signal)
    mark(`${Object.entries(lines).map(([name, on]) => `${name.toUpperCase()} ${on ? 'on' : 'off'}`).join(', ')} by hand`)
  }
  if (breakMs === undefined) return
  await transport.sendBreak?.(breakMs, signal)
  mark(`break of ${breakMs} ms sent by hand`)
}
