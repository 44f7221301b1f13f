import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { type OptionVerb, telnetOptions } from './frame.ts'
import { writeOption } from './writer.ts'

const { binary, suppressGoAhead, comPort } = telnetOptions

export interface Negotiation {
  /** To be sent first: everything that is wished for. */
  readonly opening: Uint8Array
  /** What to answer, which is nothing as a rule. Bounded, whatever the far end says and however often. */
  hear(verb: OptionVerb, option: number): Uint8Array
  /** Eight bits both ways and a port to command. Without them no line. */
  readonly isAgreed: boolean
  /** What was refused, or taken back later; for a sentence. */
  readonly refused: string | undefined
}

interface Wish { readonly side: 'ours' | 'theirs'; readonly option: number; readonly name: string; readonly mustHave: boolean }

const wishes: readonly Wish[] = [
  { side: 'ours', option: comPort, name: 'commands for its port', mustHave: true },
  { side: 'ours', option: binary, name: '8-bit data from us', mustHave: true },
  { side: 'theirs', option: binary, name: '8-bit data to us', mustHave: true },
  // Without it there are "go ahead" commands between the data, which cost nothing.
  { side: 'ours', option: suppressGoAhead, name: '', mustHave: false },
  { side: 'theirs', option: suppressGoAhead, name: '', mustHave: false },
]

/** What RFC 2217 wants of telnet. Nothing is asked twice, and an answer is never answered: that would go on for ever. */
export function createNegotiation(): Negotiation {
  const answers = new Map<Wish, boolean>()
  const said = new Set<string>()
  const sayOnce = (verb: OptionVerb, option: number): Uint8Array => {
    const key = `${verb} ${option}`
    if (said.has(key)) return new Uint8Array()
    said.add(key)
    return writeOption(verb, option)
  }
  return {
    opening: joinBytes(wishes.map(({ side, option }) => sayOnce(side === 'ours' ? 'will' : 'do', option))),
    hear: (verb, option) => {
      const side = verb === 'do' || verb === 'dont' ? 'ours' : 'theirs'
      const isYes = verb === 'do' || verb === 'will'
      const wish = wishes.find((each) => each.side === side && each.option === option)
      if (wish) { answers.set(wish, isYes); return new Uint8Array() }
      if (!isYes) return new Uint8Array()
      // Some servers offer the option instead of asking for it.
      if (side === 'theirs' && option === comPort) return sayOnce('do', option)
      return sayOnce(side === 'ours' ? 'wont' : 'dont', option)
    },
    get isAgreed() { return wishes.every((wish) => !wish.mustHave || answers.get(wish) === true) },
    get refused() { return wishes.find((wish) => wish.mustHave && answers.get(wish) === false)?.name },
  }
}
