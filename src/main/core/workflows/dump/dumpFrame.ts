import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import { runPhase } from '../phase.ts'
import type { DumpBench, DumpContext, DumpOutput, UploadDesk } from './dumpBench.ts'
import { keepDump, type KeepJob } from './keepDump.ts'

/** Begin and end of a dump, whichever way the bytes go. */
export interface PreparedDumpRun {
  readonly console: WorkConsole
  readonly output: DumpOutput
  readonly uploads: UploadDesk | undefined
  /** Something of it is worth going on from. */
  readonly keep: Keep
}

export interface Keep {
  unfinished: boolean
  isPublished: boolean
}

export async function prepareDump(bench: DumpBench, context: DumpContext, signal: AbortSignal): Promise<PreparedDumpRun> {
  const { cleanup } = context
  const lease = await bench.takeLease(signal)
  cleanup.add('free the camera for others', async () => lease.release())
  const console = await bench.openConsole(signal)
  cleanup.add('give the console back', async (undoSignal) => console.release(undoSignal))
  const output = await bench.openOutput(signal)
  const keep = { unfinished: bench.plan.output.keptBytes > 0, isPublished: false }
  cleanup.add('close the files of the dump', async () => {
    await output.close(keep.unfinished)
    if (keep.unfinished && !keep.isPublished) context.tell({ type: 'noted', level: 'info', message: `What was proved is kept beside ${output.pathOf('')}, hidden; the same dump goes on from there` })
  })
  if (!bench.plan.tftp) return { console, output, uploads: undefined, keep }
  const uploads = await bench.openUploads(signal)
  cleanup.add('close the TFTP server', async (undoSignal) => uploads.close(undoSignal))
  return { console, output, uploads, keep }
}

/** Everything is read: onto the disk under its name, told, and the camera restarted. */
export async function finishDump(job: KeepJob, keep: Keep, context: DumpContext, reset: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const totalBytes = job.layout.ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  const dumped = await runPhase(context, {
    name: 'keep', cancel: 'at-end', limitMs: 120_000 + totalBytes / 1_000, work: async (signal) => keepDump(job, signal),
    note: (ranges) => `${ranges.length} parts in ${job.output.pathOf('')}`,
  })
  keep.isPublished = true
  for (const range of dumped) context.tell({ type: 'range-dumped', range })
  await runPhase(context, { name: 'reset', cancel: 'anytime', limitMs: 15_000, work: reset }).catch((error: unknown) => {
    // The dump is whole and under its name: a cancel comes too late, and a camera that does not restart is no reason to doubt it.
    if (!(error instanceof WorkbenchError) && !context.signal.aborted) throw error
    if (!(error instanceof WorkbenchError)) return
    job.warn(`The camera could not be reset and stays as it is: ${error.message}`)
  })
}
