import type { ParsedFlags } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import type { Teller } from '../output/events.ts'

/** What a verb of `rackbench rack` has at hand; `words` are what follows the verb. */
export interface RackScene { readonly given: ParsedFlags; readonly words: readonly string[]; readonly deps: CliDeps; readonly workbench: CliWorkbench; readonly teller: Teller }
