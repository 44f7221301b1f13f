import type { Transport } from '../../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'

/** U-Boot is at its first words within a second or two; a boot ROM that finds nothing says so at once. */
const restartLimitMs = 30_000
const keptLetters = 4_096
/** Words of a boot, or the spaces by which a boot ROM asks for a program. What an agent says of itself is shorter, and no text. */
const signOfLife = /[\x20-\x7e]{8}/

/** The agent confirms that it will restart the camera, which is no proof that it did: resolves with the first text that comes after it. */
export async function hearRestart(console: Pick<Transport, 'read'>, clock: Clock, parent: AbortSignal): Promise<string> {
  let heard = ''
  try {
    return await withDeadline(clock, restartLimitMs, 'words of the camera that restarts', parent, async (signal) => {
      for (;;) {
        const bytes = await console.read(signal)
        if (!bytes) throw new WorkbenchError('link/closed', 'The console closed while the camera restarted', { hint: 'Look at its console, or switch its power off and on' })
        heard = (heard + String.fromCharCode(...bytes.subarray(-keptLetters))).slice(-keptLetters)
        const at = signOfLife.exec(heard)?.index
        if (at !== undefined) return heard.slice(at).split(/[\r\n]/)[0]?.trim().slice(0, 80) ?? ''
      }
    })
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    throw new WorkbenchError('device/no-answer', `The flash agent confirmed the restart, and nothing was heard of the camera within ${restartLimitMs / 1000} s`, { cause: error, hint: 'What was done before is proved. Switch its power off and on, and look at its console' })
  }
}
