import type { FindNews, FindPort } from '../../../shared/rack/findPorts.schema.ts'
import { status, type Status } from '../../ui/stateWords.ts'

/** What came of one port that was cut. */
export interface FoundPort {
  readonly status: Status
  readonly note: string
}

/** What is known of the ports after that news. */
export function foundAfter(found: ReadonlyMap<string, FoundPort>, news: FindNews): ReadonlyMap<string, FoundPort> {
  return news.type === 'done' ? found : new Map(found).set(news.port, toldBy(news))
}

function toldBy(news: Exclude<FindNews, { readonly type: 'done' }>): FoundPort {
  switch (news.type) {
    case 'cutting': return { status: status('busy', 'off and on'), note: 'watching the consoles' }
    case 'skipped': return { status: status('warn', 'left out'), note: news.why }
    case 'seen': {
      const light = news.after === 'on' ? '' : '; told to be on again, and cannot be asked'
      if (news.match) return { status: status('ok', `feeds ${news.match.camera}`), note: light.replace('; ', '') }
      return { status: status('unknown', 'nothing learnt'), note: `${news.answered.length === 0 ? 'no console told of a start' : `several told of a start: ${news.answered.map(({ camera }) => camera).join(', ')}`}${light}` }
    }
  }
}

/** How a port stands, in a few words. */
export const readingWords = ({ state, watts, link }: FindPort): string =>
  [state === 'none' ? 'no PoE' : state === 'unknown' ? 'not told' : state, watts === undefined ? '' : `${String(watts)} W`, link === undefined ? '' : `link ${link}`].filter(Boolean).join(', ')
