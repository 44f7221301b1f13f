/** Each folder, and the only places it may import from. A folder that is not listed may not exist. */
const npm = '^node_modules/'
const schema = '^node_modules/zod/'
const contract = '^node_modules/@orpc/contract/'
const server = '^node_modules/@orpc/(server|contract)/'
const client = '^node_modules/@orpc/(client|contract)/'
/** REST, its description and the door for assistants come from the contract; no other place needs them. */
const doors = '^node_modules/(@orpc/(openapi|zod|json-schema)|@modelcontextprotocol/sdk|zod)/'
const page = '^node_modules/(vue|@vue|pinia|naive-ui|@xterm|@vueuse|@lucide|@tanstack|@fontsource)/'
const tests = '(^test/|\\.test\\.ts$)'
const allowed = {
  '^src/shared/': ['^src/shared/', schema, contract],
  '^src/main/protocols/': ['^src/main/protocols/', '^src/shared/'],
  '^src/main/core/': ['^src/main/core/', '^src/main/protocols/', '^src/shared/', server],
  '^src/main/drivers/': ['^src/main/drivers/', '^src/main/protocols/', '^src/shared/', npm],
  '^src/main/sim/': ['^src/main/sim/', '^src/shared/', npm],
  '^src/main/composition/': ['^src/main/(composition|core|drivers|protocols|sim)/', '^src/shared/', server],
  '^src/main/hosts/electron/': ['^src/main/(hosts/electron|composition)/', '^src/shared/', '^node_modules/electron/', server],
  '^src/main/hosts/(web|cli)/': ['^src/main/(hosts/$1|composition)/', '^src/shared/', '^node_modules/ws/', doors, server, client],
  '^src/preload/': ['^src/preload/', '^src/shared/', '^node_modules/electron/'],
  // bridge.d.ts is the type of what preload hands over, and has no code.
  '^src/renderer/': ['^src/renderer/', '^src/shared/', '^src/preload/bridge\\.d\\.ts$', page, client],
}
const folders = Object.keys(allowed)
const mayUseNode = /drivers|sim|composition|hosts/

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...folders.map((from) => ({
      name: `imports-of ${from}`,
      severity: 'error',
      from: { path: from, pathNot: tests },
      // Node's own modules have no path of ours, so they are told by their kind.
      to: { pathNot: allowed[from], ...(mayUseNode.test(from) ? { dependencyTypesNot: ['core'] } : {}) },
    })),
    // A driver names its packages, but these belong to the hosts, the page and the wire.
    {
      name: 'packages-in-their-rooms',
      severity: 'error',
      from: { path: '^src/main/(drivers|sim)/', pathNot: tests },
      to: { path: ['^node_modules/electron/', '^node_modules/@orpc/', page] },
    },
    {
      name: 'preload-types-only',
      severity: 'error',
      from: { path: '^src/preload/' },
      to: { path: '^src/shared/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'features-stand-alone',
      severity: 'error',
      from: { path: '^src/renderer/features/([^/]+)/' },
      to: { path: '^src/renderer/features/', pathNot: '^src/renderer/features/$1/' },
    },
    { name: 'no-tests-in-the-product', severity: 'error', from: { path: '^src/', pathNot: tests }, to: { path: tests } },
    { name: 'no-barrels', severity: 'error', from: { path: '^(src|test)/' }, to: { path: '^src/.*/index\\.ts$' } },
    { name: 'no-unknown-folder', severity: 'error', from: { path: '^src/', pathNot: folders }, to: {} },
    { name: 'declared-packages', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] } },
    { name: 'resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'everything-is-used', severity: 'error', from: { orphan: true, path: '^src/', pathNot: [tests, '\\.d\\.ts$'] }, to: {} },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    // Type-only imports count: a type from the wrong layer is the wrong layer.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Stand-in packages of tests have a package.json of their own; ours counts there as well.
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.vue', '.js', '.mjs'],
    },
  },
}
