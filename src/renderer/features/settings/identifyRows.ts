import type { CameraId } from '../../../shared/devices/ids.ts'
import type { IdentifyMatch, IdentifyNews, IdentifyPlan } from '../../../shared/rack/identify.schema.ts'
import { status, type Status } from '../../ui/stateWords.ts'

/** One port that is to be cut, and what came of it. */
export interface IdentifyRow {
  readonly cameraId: CameraId
  readonly camera: string
  readonly power: string
  readonly status: Status
  readonly note: string
}

export const waitingRows = ({ cuts }: IdentifyPlan): IdentifyRow[] => cuts.map((cut) => ({ ...cut, status: status('off', 'waiting'), note: '' }))

/** The rows after that news; a row that is not among them changes nothing. */
export function rowsAfter(rows: readonly IdentifyRow[], news: IdentifyNews): IdentifyRow[] {
  if (news.type === 'done') return [...rows]
  return rows.map((row) => (row.cameraId === news.cameraId ? { ...row, ...toldBy(news) } : row))
}

function toldBy(news: Exclude<IdentifyNews, { readonly type: 'done' }>): Pick<IdentifyRow, 'status' | 'note'> {
  switch (news.type) {
    case 'cutting': return { status: status('busy', 'off and on'), note: 'watching the consoles' }
    case 'skipped': return { status: status('warn', 'left out'), note: news.why }
    case 'seen': return seenWords(news)
  }
}

function seenWords({ cameraId, answered, match }: Extract<IdentifyNews, { readonly type: 'seen' }>): Pick<IdentifyRow, 'status' | 'note'> {
  const [only] = answered
  if (!match || !only) return { status: status('unknown', 'nothing learnt'), note: answered.length === 0 ? 'no console told of a start' : `several told of a start: ${answered.map(({ camera }) => camera).join(', ')}` }
  return match.console === cameraId ? { status: status('ok', 'as written'), note: '' } : { status: status('warn', 'another'), note: `it feeds ${only.camera}` }
}

export const crossedOf = (matches: readonly IdentifyMatch[]): IdentifyMatch[] => matches.filter(({ port, console }) => port !== console)
