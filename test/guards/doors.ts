import type { Guard } from './guard.ts'

const door = 'src/main/hosts/web/restDoor.ts'
const tests = 'test/integration/hosts/restDoor.test.ts'

export const doorGuards: readonly Guard[] = [
  { says: 'nobody comes in by the REST door without a token', file: door, project: 'integration', tests, named: 'without a token',
    find: 'if (role === undefined) return problem(401', replace: 'if (role === undefined && request.url === undefined) return problem(401' },
  { says: 'a role may not do what is above it', file: door, project: 'integration', tests, named: 'a viewer reads by GET and does nothing else',
    find: 'if (!mayAct(context.role, needs)) throw', replace: 'if (!needs) throw' },
  { says: 'what nobody has decided is an admin\'s', file: 'src/shared/contracts/procedureRoles.ts', project: 'unit', tests: 'test/unit/procedureRoles.test.ts', named: 'what nobody has decided yet',
    find: "?? 'admin'", replace: "?? 'viewer'" },
  { says: 'a removed token is refused at the next call', file: 'src/main/composition/doorTokens.ts', project: 'integration', tests, named: 'a token that was taken away',
    find: 'tokens: tokens.filter((each) => each.name !== name)', replace: 'tokens: tokens.filter((each) => each.name !== "")' },
  { says: 'foreign errors keep their words inside', file: 'src/main/composition/rpcErrors.ts', project: 'integration', tests, named: 'foreign errors keep their words in the log',
    find: 'message: wire.message, data: wire', replace: 'message: String(error), data: wire' },
  { says: 'no assistant switches power without a person\'s yes', file: 'src/main/composition/approvals.ts', project: 'integration', tests: 'test/integration/hosts/mcpDoor.test.ts', named: 'power is switched after a person',
    find: "each.hash === hash && each.state === 'approved'", replace: 'each.hash === hash' },
  { says: 'a yes is for exactly what was planned', file: 'src/main/hosts/web/mcpDoor.ts', project: 'integration', tests: 'test/integration/hosts/mcpDoor.test.ts', named: 'power is switched after a person',
    find: 'if (planHash !== await powerHash(wish)) throw', replace: "if (planHash === '') throw" },
  { says: 'a yes lasts an hour', file: 'src/main/composition/approvals.ts', project: 'integration', tests: 'test/integration/hosts/mcpDoor.test.ts', named: 'power is switched after a person',
    find: 'nowMs() - askedAtMs < validMs', replace: 'nowMs() - askedAtMs < validMs * 99' },
  { says: 'a page whose workbench is gone leaves no error that nobody caught', file: 'src/renderer/rpc/webLink.ts', project: 'integration', tests: 'test/integration/webLink.test.ts', named: 'a workbench that is not there',
    find: '  bytes.catch(() => undefined)\n', replace: '' },
]
