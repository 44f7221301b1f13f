import { randomUUID } from 'node:crypto'
import type { Viewer, ViewerWish } from '../../shared/consoles/consoleTools.schema.ts'

/** Goes with every call of one link. */
export interface LinkContext { readonly linkId: string }

/** Of one window. Given here and never taken from a call, so that nobody acts in another's name. */
export const newLinkContext = (): LinkContext => ({ linkId: randomUUID() })

/** Links of this process have no window; they are one viewer together. */
const inHere = 'this process'

/** `context` is what a host gave to its link. */
export function viewerOf(context: object, wish: ViewerWish): Viewer {
  const given: unknown = 'linkId' in context ? context.linkId : undefined
  return { id: typeof given === 'string' ? given : inHere, name: wish.name }
}
