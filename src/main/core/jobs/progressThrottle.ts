import type { JobNews } from '../../../shared/jobs/jobEvent.ts'

/** At most four a second, so that the journal tells a story and not every page. */
const progressPauseMs = 250

type Progress = Extract<JobNews, { type: 'phase-progressed' | 'staging-progressed' }>

/** Bars of one kind with the same key replace each other; a new key is a new bar and shown at once. */
const keyOf = (news: Progress): string =>
  news.type === 'phase-progressed' ? `${news.phase}\n${news.step}` : `${news.file}\n${news.state}`

interface Bar {
  key: string
  toldAtMs: number
  waiting: Progress | undefined
}

export interface ProgressThrottle {
  /** What may be told now, in order; the newest of what is held back comes first with the next other news. */
  push(news: JobNews, nowMs: number): JobNews[]
  /** What is still held back. */
  flush(): JobNews[]
}

export function createProgressThrottle(): ProgressThrottle {
  const bars = new Map<Progress['type'], Bar>()
  const flush = (): JobNews[] => [...bars.values()].flatMap((bar) => {
    const { waiting } = bar
    bar.waiting = undefined
    return waiting ? [waiting] : []
  })
  return {
    push: (news, nowMs) => {
      if (news.type !== 'phase-progressed' && news.type !== 'staging-progressed') return [...flush(), news]
      const bar = bars.get(news.type)
      const key = keyOf(news)
      if (bar?.key === key && nowMs - bar.toldAtMs < progressPauseMs) {
        bar.waiting = news
        return []
      }
      // The end of the bar before this one is kept; an older value of the same bar is not worth a row.
      const before = bar?.waiting && bar.key !== key ? [bar.waiting] : []
      bars.set(news.type, { key, toldAtMs: nowMs, waiting: undefined })
      return [...before, news]
    },
    flush,
  }
}
