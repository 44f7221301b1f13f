import type { BoardFactName } from '../../../../shared/rack/boardFacts.schema.ts'
import { quoted, usage } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import { cameraNamed, type RackScene } from './rackScene.ts'

const titles: Readonly<Record<BoardFactName, string>> = { sensor: 'sensor', flash: 'flash', partitions: 'partitions', firmware: 'firmware' }
const timeOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')

/** What the console of a camera ever said of its board; the camera is asked nothing. */
export async function boardOfCamera({ words: [name, ...more], workbench, deps, teller }: RackScene): Promise<ExitCode> {
  if (more.length > 0) throw usage(`${quoted(more[0] ?? '')} is one word too many`, 'rackbench rack board CAMERA')
  const { cameraId, cameraName } = await cameraNamed(name, workbench)
  const board = await workbench.inventories.board(cameraId, deps.interrupt.signal)
  const rows = board.facts.map(({ fact, text, atMs, session, offset }) => [titles[fact], plainText(text, 400), timeOf(atMs), `${session}@${String(offset)}`])
  const lines = [
    ...(rows.length === 0 ? [`The console of ${plainText(cameraName, 64)} has said nothing of its board yet`] : table([['what', 'said', 'at (UTC)', 'line'], ...rows])),
    ...(board.heardAtMs === undefined ? [] : [`Last heard at ${timeOf(board.heardAtMs)} UTC`]), ...(board.note === '' ? [] : [plainText(board.note)]),
  ]
  return teller.done(exitCodes.success, { camera: cameraId, ...board, heardAtMs: board.heardAtMs ?? null }, lines.join('\n'))
}
