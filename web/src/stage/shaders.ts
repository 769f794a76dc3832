// Shaders. Fields are looked up in a colour table per fragment, so that a new range costs nothing.

const CUT = /* glsl */ `
uniform vec4 cut;  // what lies on the positive side of this plane is taken away; w is 1e9 without a cut
void applyCut(vec3 at) { if (dot(cut.xyz, at) > cut.w) discard; }
`;

const HEAD_VERTEX = /* glsl */ `
varying vec3 at;
varying vec3 facing;
void main() {
  at = position;
  facing = normalMatrix * normal;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}
`;

export const cortexVertex = /* glsl */ `
attribute float field;
varying float value;
${HEAD_VERTEX.replace("at = position;", "at = position;\n  value = field;")}
`;

export const cortexFragment = /* glsl */ `
uniform sampler2D colors;
uniform vec2 range;       // V/m at both ends of the map
uniform float threshold;  // |V/m| below which the cortex stays bare
uniform vec3 bare;
uniform float hasField;
varying vec3 at;
varying vec3 facing;
varying float value;
${CUT}
void main() {
  applyCut(at);
  vec3 n = normalize(facing);
  if (!gl_FrontFacing) n = -n;
  float light = 0.42 + 0.58 * max(0.0, dot(n, normalize(vec3(-0.25, 0.35, 1.0))));
  vec3 color = bare;
  if (hasField > 0.5 && abs(value) >= threshold) {
    float share = clamp((value - range.x) / (range.y - range.x), 0.0, 1.0);
    color = texture2D(colors, vec2((share * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  }
  gl_FragColor = vec4(color * light, 1.0);
}
`;

export const scalpVertex = HEAD_VERTEX;

export const scalpFragment = /* glsl */ `
uniform vec3 tint;
uniform float opacity;  // 0 gone, 0.5 a ghost, 1 solid
varying vec3 at;
varying vec3 facing;
${CUT}
void main() {
  applyCut(at);
  float front = abs(normalize(facing).z);
  float rim = (1.0 - front) * (1.0 - front);
  float ghost = min(1.0, 2.0 * opacity) * (0.06 + 0.55 * rim);
  float solid = max(0.0, 2.0 * opacity - 1.0);
  gl_FragColor = vec4(tint * mix(1.0, 0.45 + 0.55 * front, solid), mix(ghost, 1.0, solid * solid));
}
`;

export const cutVertex = /* glsl */ `
varying vec3 at;
void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  at = world.xyz;
  gl_Position = projectionMatrix * viewMatrix * world;
}
`;

export const cutFragment = /* glsl */ `
precision highp sampler3D;
uniform sampler3D labels;
uniform mat4 toVoxel;   // mm to voxel indices
uniform vec3 size;      // voxels along each axis
uniform vec3 colors[16];
varying vec3 at;
float tagAt(vec3 voxel) { return floor(texture(labels, (voxel + 0.5) / size).r * 255.0 + 0.5); }
void main() {
  vec3 voxel = (toVoxel * vec4(at, 1.0)).xyz;
  if (any(lessThan(voxel, vec3(-0.5))) || any(greaterThan(voxel, size - 0.5))) discard;
  float tag = tagAt(voxel);
  if (tag < 0.5) discard;
  gl_FragColor = vec4(colors[int(min(tag, 15.0))], 1.0);
}
`;

export const dotVertex = /* glsl */ `
attribute vec3 color;
uniform float size;
varying vec3 shade;
void main() {
  shade = color;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  gl_PointSize = size;
}
`;

export const dotFragment = /* glsl */ `
varying vec3 shade;
void main() {
  float r = length(gl_PointCoord - 0.5);
  if (r > 0.5) discard;
  gl_FragColor = vec4(r > 0.42 ? vec3(1.0) : shade, 1.0);
}
`;
