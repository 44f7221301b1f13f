import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { encodeXcmd, encodeXhead, frameReply, maxFramedCommandBytes, parseFramedOutput } from '../../protocols/uboot/commandFrames.ts'
import { classifyAnswer } from '../../protocols/uboot/answers.ts'
import { cleanOutput, exactOutput, isTypeable } from '../../protocols/uboot/commandLine.ts'
import { type UbootSession, withoutData, withTail } from './ubootSession.ts'
import type { WorkConsole } from './workConsole.ts'

const replyLimitMs = 2_000
const attempts = 3
const maxOutputBytes = 256 * 1024

/** U-Boot in download-command mode: frames with a CRC instead of a shell, and a positive end mark. */
export function createFramedSession({ console, clock }: { readonly console: WorkConsole; readonly clock: Clock }): UbootSession {
  const text = new TextDecoder('latin1')
  let pending: number[] = []

  const nextByte = async (signal: AbortSignal): Promise<number> => {
    for (;;) {
      const byte = pending.shift()
      if (byte !== undefined) return byte
      const chunk = await console.read(signal)
      if (!chunk) throw new WorkbenchError('link/closed', 'The console closed while U-Boot was busy', withTail(console))
      pending = [...chunk]
    }
  }

  const accepted = async (frame: Uint8Array, what: string, parent: AbortSignal): Promise<boolean> => {
    await console.write(frame, parent)
    return withDeadline(clock, replyLimitMs, what, parent, async (signal) => {
      for (;;) {
        const byte = await nextByte(signal)
        if (byte === frameReply.accepted) return true
        if (byte === frameReply.rejected) return false
      }
    })
  }

  /** Header and command together: after a rejected command the device has forgotten the header. */
  const send = async (command: string, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      pending = []
      await console.discardInput(signal)
      if (await accepted(encodeXhead(command.length), 'answer to the command header', signal)
        && await accepted(encodeXcmd(command), 'answer to the command frame', signal)) return
      if (attempt >= attempts) {
        throw new WorkbenchError('link/garbled', `U-Boot rejected the frame of "${command}" ${attempts} times`, withTail(console))
      }
    }
  }

  return {
    run: async (command, options, parent) => {
      if (!isTypeable(command) || command.length > maxFramedCommandBytes) throw new WorkbenchError('internal/bug', 'Not a U-Boot command')
      await send(command, parent)
      return withDeadline(clock, options.limitMs, `U-Boot "${command}"`, parent, async (signal) => {
        let received = text.decode(Uint8Array.from(pending))
        pending = []
        for (;;) {
          const end = parseFramedOutput(received)
          if (end) {
            const output = options.exact === true ? exactOutput(end.output) : cleanOutput(end.output)
            const said = classifyAnswer(withoutData(output, options.dataLine), end.ok ? 0 : 1)
            if (said.kind === 'ok') return output
            throw new WorkbenchError(said.kind === 'unknown-command' ? 'device/unknown-command' : 'device/refused', `"${command}": ${said.text}`, withTail(console))
          }
          if (received.length > maxOutputBytes) throw new WorkbenchError('device/too-much-output', `Too much output from "${command}"`, withTail(console))
          options.onOutput?.(received)
          const chunk = await console.read(signal)
          if (!chunk) throw new WorkbenchError('link/closed', 'The console closed while U-Boot was busy', withTail(console))
          received += text.decode(chunk)
        }
      })
    },
  }
}
