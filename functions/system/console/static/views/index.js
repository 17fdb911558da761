// The views in the order of the navigation. A module is loaded when its view is first shown.
export const VIEWS = {
  data: () => import("./data.js"),
  prepare: () => import("./prepare.js"),
  race: () => import("./race.js"),
  model: () => import("./model.js"),
  predict: () => import("./predict.js"),
  series: () => import("./series.js"),
  operate: () => import("./operate.js"),
};
