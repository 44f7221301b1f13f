import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { runPhase } from '../phase.ts'
import type { RestoreContext } from '../restore/bench.ts'
import type { AgentBench } from './agentBench.ts'
import type { RunningAgent } from './startAgent.ts'

/** At 115200 baud with a good part of it asked for again. */
export const readLimitMs = (lengthBytes: number): number => 300_000 + lengthBytes / 3

/** Under its name only when the bytes on the disk have the CRC that the camera computed over its own flash. */
export async function readToFile(bench: AgentBench, context: RestoreContext, { client }: RunningAgent, range: { readonly offsetBytes: number; readonly lengthBytes: number; readonly path: string }): Promise<void> {
  const { offsetBytes, lengthBytes, path } = range
  const { read, output } = await runPhase(context, {
    name: 'read', cancel: 'anytime', limitMs: readLimitMs(lengthBytes),
    work: async (signal) => {
      // First, so that nobody waits minutes for a disk that takes nothing.
      const opened = await bench.openOutput(path, signal)
      context.cleanup.add('close the file', async () => opened.close(false))
      const proved = await client.readFlash(offsetBytes, lengthBytes, signal, (doneBytes, totalBytes) => {
        context.tell({ type: 'phase-progressed', phase: 'read', step: 'reading', doneBytes, totalBytes })
      })
      return { read: proved, output: opened }
    },
    note: ({ read: proved }) => `crc32 ${hexCrc(proved.crc32)}`,
  })
  await runPhase(context, {
    name: 'keep', cancel: 'at-end', limitMs: 120_000,
    work: async (signal) => {
      const file = await output.file('')
      await file.write(0, read.bytes, signal)
      const onDisk = await file.read(0, lengthBytes, signal)
      if (onDisk.length !== lengthBytes || crc32(onDisk) !== read.crc32) {
        throw new WorkbenchError('host/io', `${path} reads back from the disk with other bytes`, { context: { path }, hint: 'The disk is failing, or another program wrote into the file' })
      }
      await output.publish([{ name: '', lengthBytes }], signal)
      context.tell({ type: 'range-dumped', range: { name: 'flash', offsetBytes, lengthBytes, crc32: hexCrc(read.crc32), sha256: bench.hashHex('sha256', onDisk), path: output.pathOf('') } })
    },
  })
}
